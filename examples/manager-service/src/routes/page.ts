import type { PageRequest } from "@tidegate/core";

/** A page as a query asks for it. */
export function page(limit: number | undefined, cursor: string | undefined): PageRequest {
  return {
    ...(limit === undefined ? {} : { limit: Number(limit) }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
