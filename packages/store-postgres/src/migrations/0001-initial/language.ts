/**
 * What each function is created with. The plans of its statements are kept, and must stay right while a table grows from
 * nothing to millions of rows before anybody has counted them: so all go by an index.
 */
export const PLPGSQL = `LANGUAGE plpgsql VOLATILE
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan`;
