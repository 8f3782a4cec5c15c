insert into t_ds_user (id, user_name, user_password, user_type, email, phone, tenant_id, create_time, update_time, state)
  values (1, 'admin', '7ad2410b2f4c074479a8937a28a22b8f', 0, 'admin@example.com', '', -1, current_timestamp, current_timestamp, 1);
insert into t_ds_alertgroup (id, alert_instance_ids, create_user_id, group_name, description, create_time, update_time)
  values (1, '', 1, 'default', '', current_timestamp, current_timestamp);
insert into t_ds_queue (id, queue_name, queue) values (1, 'default', 'default');
