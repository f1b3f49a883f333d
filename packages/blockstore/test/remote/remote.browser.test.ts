import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CborWriter, cidOf, encode, linkCodec, toCid } from "@copse/ipld";
import { concatBytes, encodeUvarint } from "@copse/primitives";
import { describeBrowser } from "@copse/testkit";
import { expect, it } from "vitest";

const leaf = Uint8Array.of(0x43, 1, 2, 3);
const root = encode(linkCodec, cidOf(leaf));
const framed = (...parts: Uint8Array[]): Uint8Array => {
  const bytes = concatBytes(...parts);
  return concatBytes(encodeUvarint(bytes.length), bytes);
};
const header = new CborWriter().map(2).text("roots").array(0).text("version").uint(1).finish();
const car = concatBytes(framed(header), framed(cidOf(root), root), framed(cidOf(leaf), leaf));

/** A gateway that any page may read, with paths that misbehave. */
const gateway = createServer((request, response) => {
  const [, kind] = (request.url ?? "").split("/");
  const head = (status: number, headers: Record<string, string> = {}): typeof response =>
    response.writeHead(status, { "access-control-allow-origin": "*", ...headers });
  const raw = { "content-type": "application/vnd.ipld.raw" };
  if (kind === "redirect") head(302, { location: (request.url ?? "").replace("redirect", "good") }).end();
  else if (kind === "liar") head(200, raw).end(root);
  else if (kind === "absent") head(404).end();
  else if (kind === "busy") head(429, { "retry-after": "9" }).end();
  else if (kind === "endless") {
    head(200, raw);
    const more = (): void =>
      void (response.destroyed || response.write(new Uint8Array(65_536), () => setImmediate(more)));
    more();
  } else if (request.url?.includes("format=car"))
    head(200, { "content-type": "application/vnd.ipld.car; version=1" }).end(car);
  else head(200, raw).end(leaf);
});

describeBrowser("gateways in a browser", (browser) => {
  it("gives blocks, and failures by their codes", { timeout: 60_000 }, async () => {
    await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
    try {
      const input = { url, root: [...root], leaf: [...leaf] };
      expect(await browser().run(new URL("./remote.page.ts", import.meta.url), { input })).toEqual({
        good: "block",
        redirected: "block",
        refused: "remote/redirect-refused",
        liar: "remote/block-mismatch",
        absent: "absent",
        busy: "remote/source-busy",
        endless: "remote/block-too-long",
        healed: true,
        blocks: [toCid(cidOf(root)).toString(), toCid(cidOf(leaf)).toString()],
      });
    } finally {
      gateway.closeAllConnections();
      gateway.close();
    }
  });
});
