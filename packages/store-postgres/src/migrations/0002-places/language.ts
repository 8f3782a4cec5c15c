/**
 * What each function is created with. The plans of its statements are kept, and must stay right while a table grows from
 * nothing to millions of rows before anybody has counted them: so all go by an index.
 */
export const PLPGSQL = `LANGUAGE plpgsql VOLATILE
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan`;

/** For a function that joins what it was given with itself, and no table. */
export const PLPGSQL_WITHOUT_TABLES = `LANGUAGE plpgsql VOLATILE
  SET enable_nestloop = off SET plan_cache_mode = force_generic_plan`;
