import type { ChangeNews } from "@tidegate/core";

/** A message of a page to the worker that holds the stream. */
export type ToWorker =
  | { readonly kind: "join"; readonly url: string; readonly token: string | null }
  | { readonly kind: "leave" };

/** A message of the worker to its pages. */
export type FromWorker =
  | { readonly kind: "news"; readonly news: ChangeNews }
  | { readonly kind: "connection"; readonly isOpen: boolean };
