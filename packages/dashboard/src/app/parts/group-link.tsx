import { Link } from "@tanstack/react-router";

export function GroupLink({ groupId }: { readonly groupId: string }) {
  return (
    <Link to="/groups/$groupId" params={{ groupId }}>
      <bdi>{groupId}</bdi>
    </Link>
  );
}
