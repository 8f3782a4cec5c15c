/**
 * Attributes of all functions. Plans of their statements are cached and must stay right while a table grows
 * from nothing to millions of rows before it is analyzed, so all of them use an index.
 */
export const PLPGSQL = `LANGUAGE plpgsql VOLATILE
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
  SET plan_cache_mode = force_generic_plan`;

/** For a function that joins only its own input, and no table. */
export const PLPGSQL_WITHOUT_TABLES = `LANGUAGE plpgsql VOLATILE
  SET enable_nestloop = off SET plan_cache_mode = force_generic_plan`;
