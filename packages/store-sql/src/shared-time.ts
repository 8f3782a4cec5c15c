/**
 * Returns the query for `RunLedger.sharedTime`. It reads only the runs' index: each run is compared with how
 * far those before it reach.
 *
 * @param runs - selects `lower`, `generation` and `upper` of the runs
 */
export const sharedTimeOf = (runs: string): string => `
  WITH reached AS (
    SELECT lower, upper, max(upper) OVER (ORDER BY lower, generation, upper
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach
      FROM (${runs}) AS runs
  ), common AS (
    SELECT lower, CASE WHEN upper < reach THEN upper ELSE reach END AS upper FROM reached
      WHERE lower < reach AND lower < upper
  ), marked AS (
    SELECT lower, upper, CASE WHEN lower <= max(upper) OVER (ORDER BY lower, upper
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS is_first
      FROM common
  ), numbered AS (
    SELECT lower, upper, sum(is_first) OVER (ORDER BY lower, upper ROWS UNBOUNDED PRECEDING) AS part FROM marked
  )
  SELECT min(lower) AS lower, max(upper) AS upper FROM numbered GROUP BY part ORDER BY part`;
