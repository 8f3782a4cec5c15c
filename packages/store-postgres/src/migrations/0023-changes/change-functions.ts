import { ALIVE_EVERY_MS, KEPT_MS, OPEN_MS, SILENT_MS } from "@tidegate/core/store";
import { PLPGSQL } from "../0002-places/language.js";

/** A log is kept open by its readers when this much of the time is left, ms: most reads write nothing. */
const RENEWED_MS = OPEN_MS - 15_000;

/**
 * Functions of the log of changes: `ChangeRing` of core as SQL. Entries are appended under the lock of the log's one row,
 * so that they are seen in the order of their numbers.
 *
 * @param s - the schema, quoted
 */
export const changeFunctions = (s: string): string[] => [
  `CREATE FUNCTION ${s}.append_change(at_time bigint, told text) RETURNS void ${PLPGSQL} AS $$
  DECLARE
    no bigint;
  BEGIN
    UPDATE ${s}.change_log SET last = last + 1 RETURNING last INTO no;
    INSERT INTO ${s}.change (seq, at, changes) VALUES (no, at_time, told);
  END $$`,

  // Appends what is told, if there is any and if the log is open. Returns whether it is.
  `CREATE FUNCTION ${s}.tell_changes(by_name text, at_time bigint, told text, is_last boolean) RETURNS boolean ${PLPGSQL} AS $$
  DECLARE
    is_open boolean;
  BEGIN
    IF is_last THEN
      DELETE FROM ${s}.change_teller WHERE name = by_name;
    ELSE
      PERFORM FROM ${s}.change_teller WHERE name = by_name AND seen_at > at_time - ${ALIVE_EVERY_MS};
      IF NOT FOUND THEN
        INSERT INTO ${s}.change_teller AS t (name, seen_at) VALUES (by_name, at_time)
          ON CONFLICT (name) DO UPDATE SET seen_at = greatest(t.seen_at, excluded.seen_at);
      END IF;
    END IF;
    SELECT open_until > at_time INTO is_open FROM ${s}.change_log;
    IF is_open AND told IS NOT NULL THEN PERFORM ${s}.append_change(at_time, told); END IF;
    RETURN coalesce(is_open, false);
  END $$`,

  // Opens the log, or keeps it open; then it also forgets old entries and silent managers.
  `CREATE FUNCTION ${s}.open_changes(at_time bigint) RETURNS void ${PLPGSQL} AS $$
  DECLARE
    until bigint;
    old bigint;
  BEGIN
    INSERT INTO ${s}.change_log (epoch, last, floor, open_until) VALUES ('', 0, 0, at_time) ON CONFLICT DO NOTHING;
    SELECT open_until INTO until FROM ${s}.change_log FOR NO KEY UPDATE;
    IF until <= at_time THEN
      UPDATE ${s}.change_log SET epoch = left(replace(gen_random_uuid()::text, '-', ''), 8), floor = last;
      DELETE FROM ${s}.change;
    END IF;
    UPDATE ${s}.change_log SET open_until = greatest(open_until, at_time + ${OPEN_MS});
    SELECT max(c.seq) INTO old FROM ${s}.change c WHERE c.at < at_time - ${KEPT_MS};
    IF old IS NOT NULL THEN
      DELETE FROM ${s}.change WHERE seq <= old;
      UPDATE ${s}.change_log SET floor = old;
    END IF;
    DELETE FROM ${s}.change_teller WHERE seen_at < at_time - ${SILENT_MS};
    IF FOUND THEN PERFORM ${s}.append_change(at_time, 'null'); END IF;
  END $$`,

  // Returns the entries behind a position, and where to continue. The entries are read after the state of the log, which
  // is at most as old.
  `CREATE FUNCTION ${s}.read_changes(after_seq bigint, after_epoch text, at_time bigint, at_most integer) RETURNS json ${PLPGSQL} AS $$
  DECLARE
    log ${s}.change_log;
    is_known boolean;
    found json;
    reached bigint;
  BEGIN
    SELECT * INTO log FROM ${s}.change_log;
    IF log.open_until IS NULL OR log.open_until < at_time + ${RENEWED_MS} THEN
      PERFORM ${s}.open_changes(at_time);
      SELECT * INTO log FROM ${s}.change_log;
    END IF;
    is_known := after_seq IS NOT NULL AND after_epoch = log.epoch AND after_seq BETWEEN log.floor AND log.last;
    IF is_known THEN
      SELECT json_agg(json_build_object('seq', c.seq, 'changes', c.changes::json) ORDER BY c.seq), max(c.seq) INTO found, reached
        FROM (SELECT * FROM ${s}.change x WHERE x.seq > after_seq AND x.seq <= log.last ORDER BY x.seq LIMIT at_most) c;
    END IF;
    RETURN json_build_object('entries', coalesce(found, '[]'), 'position', coalesce(reached, log.last) || '.' || log.epoch,
      'isGap', after_seq IS NOT NULL AND NOT is_known);
  END $$`,
];
