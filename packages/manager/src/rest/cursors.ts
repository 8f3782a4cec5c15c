import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Page, PageRequest } from "@tidegate/core";
import { HttpError } from "../errors/http-error.js";

const SEAL_BYTES = 16;

/**
 * Seals the cursors of a store, so that it receives only its own cursors, and only for the listing and the
 * filters that they were issued for: stores treat any others differently.
 */
export class Cursors {
  readonly #key: Buffer;

  /**
   * @param secret - the same for all managers that serve one caller. @default random, known to this process
   * only
   */
  constructor(secret?: string) {
    this.#key = createHmac("sha256", secret ?? randomBytes(32))
      .update("tidegate cursors")
      .digest();
  }

  /**
   * Returns a page of a listing, with sealed cursors.
   *
   * @param listing - the listing, and every part of the request that selects its items
   * @throws HttpError REQUEST_INVALID if the cursor is not from a page of this listing
   */
  async page<P extends Page<unknown>>(
    listing: readonly unknown[],
    { cursor, limit }: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
    read: (page: PageRequest) => Promise<P>,
  ): Promise<P> {
    const page = await read({
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === undefined ? {} : { cursor: this.#open(listing, cursor) }),
    });
    return page.next === undefined ? page : { ...page, next: this.#seal(listing, page.next) };
  }

  #seal(listing: readonly unknown[], cursor: string): string {
    return Buffer.concat([this.#sealOf(listing, cursor), Buffer.from(cursor)]).toString("base64url");
  }

  #open(listing: readonly unknown[], sealed: string): string {
    const bytes = Buffer.from(sealed, "base64url");
    const cursor = bytes.subarray(SEAL_BYTES).toString();
    const isOwn =
      bytes.length >= SEAL_BYTES &&
      timingSafeEqual(bytes.subarray(0, SEAL_BYTES), this.#sealOf(listing, cursor)) &&
      // Non-canonical base64 may decode to the same bytes.
      this.#seal(listing, cursor) === sealed;
    if (isOwn) return cursor;
    throw new HttpError(
      400,
      "REQUEST_INVALID",
      "cursor: must be `next` of a page of this listing with the same filters. Start again without a cursor.",
      { field: "cursor" },
    );
  }

  #sealOf(listing: readonly unknown[], cursor: string): Buffer {
    const sealed = JSON.stringify([listing, cursor]);
    return createHmac("sha256", this.#key).update(sealed).digest().subarray(0, SEAL_BYTES);
  }
}
