import { CborWriter, type CidBytes, cidOf, encode, linkCodec, verifyBlock } from "@copse/ipld";
import { concatBytes, encodeUvarint, isCopseError } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe, expect } from "vitest";
import { retryAfterMs } from "../../src/remote/retry-after.ts";
import { gatewaySubtree, type HttpFetch } from "../../src/remote.ts";

const leaf = Uint8Array.of(0x42, 1, 2);
const root = encode(linkCodec, cidOf(leaf));
const framed = (...parts: Uint8Array[]): Uint8Array => {
  const bytes = concatBytes(...parts);
  return concatBytes(encodeUvarint(bytes.length), bytes);
};
const header = (cid: CidBytes): Uint8Array =>
  framed(new CborWriter().map(2).text("roots").array(1).link(cid).text("version").uint(1).finish());
const good = concatBytes(header(cidOf(root)), framed(cidOf(root), root), framed(cidOf(leaf), leaf));

describe("bytes of a gateway", () => {
  fuzz(
    "remote subtree",
    [good, good.subarray(0, -2), header(cidOf(root))],
    async (bytes) => {
      const fetch: HttpFetch = async () => ({
        status: 200,
        headers: new Headers({ "content-type": "application/vnd.ipld.car" }),
        body: new Blob([Uint8Array.from(bytes)]).stream(),
      });
      const blocks = gatewaySubtree("http://gateway", cidOf(root), { fetch, maxBlocks: 100, maxBytes: 1 << 20 });
      for await (const [cid, block] of blocks) expect(verifyBlock(cid, block)).toBe(true);
    },
    (error) => isCopseError(error, "remote/"),
  );

  const text = (line: string): Uint8Array => new TextEncoder().encode(line);
  fuzz(
    "Retry-After",
    [text("120"), text("Wed, 01 Mar 2028 00:00:10 GMT"), text("-1"), text("1e9")],
    (bytes) => {
      const value = new TextDecoder().decode(bytes);
      const waitMs = retryAfterMs({ get: (name) => (name === "date" ? "Tue, 29 Feb 2028 23:59:30 GMT" : value) });
      if (waitMs !== undefined) expect(waitMs >= 0 && Number.isSafeInteger(waitMs)).toBe(true);
    },
    () => false,
  );
});
