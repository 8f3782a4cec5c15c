/** Options of a Java that lives for minutes: most of its work is to start, which better code would only hold up. */
export const SHORT_LIVED = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"] as const;
