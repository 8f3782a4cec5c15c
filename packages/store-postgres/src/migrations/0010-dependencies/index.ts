import { type Kysely, sql } from "kysely";

/**
 * Adds a table of the groups that the current version of each schedule depends on. A trigger keeps it, so that
 * releases which do not know it do as well; it costs a schedule without dependencies nothing.
 *
 * @param s - the schema, quoted
 */
export function dependencies(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const statements = [
    `CREATE TABLE ${s}.dependency (
      upstream text COLLATE "C" NOT NULL,
      group_id text COLLATE "C" NOT NULL REFERENCES ${s}.schedule (group_id) ON DELETE CASCADE,
      PRIMARY KEY (upstream, group_id)
    )`,
    `CREATE INDEX dependency_by_group ON ${s}.dependency (group_id)`,
    `CREATE FUNCTION ${s}.note_dependencies() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM ${s}.dependency WHERE group_id = NEW.group_id;
        IF NEW.spec LIKE '%"dependsOn":{%' THEN
          INSERT INTO ${s}.dependency (upstream, group_id)
            SELECT DISTINCT u #>> '{}', NEW.group_id
              FROM jsonb_path_query(NEW.spec::jsonb, '$.dependsOn.**.groupId') AS u WHERE u #>> '{}' <> NEW.group_id;
        END IF;
        RETURN NULL;
      END $$`,
    `CREATE TRIGGER note_dependencies AFTER INSERT ON ${s}.schedule_version FOR EACH ROW
      WHEN (NEW.version > 1 OR NEW.spec LIKE '%"dependsOn":{%') EXECUTE FUNCTION ${s}.note_dependencies()`,
  ];
  return {
    up: async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
