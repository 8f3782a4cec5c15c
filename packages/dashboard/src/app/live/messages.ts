import type { ChangeNews } from "@tidegate/core";

/** What a page tells the worker that holds the stream. */
export type ToWorker =
  | { readonly kind: "join"; readonly url: string; readonly token: string | null }
  | { readonly kind: "leave" };

/** What the worker tells its pages. */
export type FromWorker =
  | { readonly kind: "news"; readonly news: ChangeNews }
  | { readonly kind: "connection"; readonly isOpen: boolean };
