import { useQuery } from "@tanstack/react-query";
import type { Role } from "@tidegate/client";
import { systemQuery } from "./queries.js";

const ORDER: readonly Role[] = ["viewer", "operator", "editor", "admin"];

/** Returns whether the person who looks may do what needs a role; no, until the manager has said so. */
export function useMay(needed: Role): boolean {
  const { data } = useQuery(systemQuery);
  return data !== undefined && ORDER.indexOf(data.role) >= ORDER.indexOf(needed);
}
