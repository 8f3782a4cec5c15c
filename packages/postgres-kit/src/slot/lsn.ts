const LSN = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

/** Returns the number of a log sequence number such as `16/B374D848`; `undefined` if the text is none. */
export function lsnOf(text: string): bigint | undefined {
  const [, high, low] = LSN.exec(text) ?? [];
  return high === undefined ? undefined : (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** Returns a log sequence number as all versions of Postgres read it: `16/B374D848`. */
export function lsnText(lsn: bigint): string {
  return [lsn >> 32n, lsn & 0xffff_ffffn].map((half) => half.toString(16).toUpperCase()).join("/");
}
