import type { Secret } from "@tidegate/operator-kit";

/**
 * Use of a secret. `signing`: it signs requests and callbacks and is never sent itself. The others are sent:
 * `bearer` and `basic` in `Authorization`, `header` as it is in a header that the job names.
 */
export type SecretUse = "signing" | "bearer" | "basic" | "header";

/**
 * A secret bound to its use and to the hosts that may receive it. Exactly one of `value`, `env` and `file` is
 * given.
 */
export interface BoundSecret {
  readonly value?: Secret;
  /** The environment variable that holds it, read at each use. */
  readonly env?: string;
  /** The file that holds it, read at each use, without the trailing line end. */
  readonly file?: string;
  readonly use: SecretUse;
  /**
   * The hosts that it may be sent to, written as in `allow`. @default the host of `allow`, if that names
   * exactly one; otherwise required, except for `signing`, whose key stays here whatever host gets the
   * signature
   */
  readonly hosts?: readonly string[];
}
