import { distanceText, instantText, viewerZone } from "./format.js";

interface InstantProps {
  readonly at: number;
  /** @default the viewer's */
  readonly zone?: string;
  /** Shows how far it is from now instead. */
  readonly isRelative?: boolean;
}

/** An instant in a zone; in the viewer's zone and UTC when pointed at. */
export function Instant({ at, zone = viewerZone, isRelative = false }: InstantProps) {
  const iso = new Date(at).toISOString();
  const title = `${instantText(at, zone)} (${zone})\n${instantText(at, viewerZone)} (yours: ${viewerZone})\n${iso}`;
  return (
    <time dateTime={iso} title={title}>
      {isRelative ? distanceText(at, Date.now()) : instantText(at, zone)}
    </time>
  );
}
