/** What is measured of the engine and of its reference alike. Lateness in ms. */
export interface Measured {
  readonly firesPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly registeredPerSecond: number;
  readonly bytesPerSchedule: number;
}
