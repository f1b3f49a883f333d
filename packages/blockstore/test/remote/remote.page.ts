import { cidOf, toCid } from "@copse/ipld";
import { createOverlay, unionStoreOf } from "../../src/compose.ts";
import { type AsyncStore, createMemoryBlockstore } from "../../src/index.ts";
import { createRemoteStore, gatewaySource, gatewaySubtree } from "../../src/remote.ts";

/** Reads through gateways as a page does; gives what came, in hex, and what failed, by code. */
export default async ({ url, root, leaf }: { url: string; root: number[]; leaf: number[] }): Promise<object> => {
  const [rootBytes, leafBytes] = [Uint8Array.from(root), Uint8Array.from(leaf)];
  const over = (path: string, maxRedirects = 3) =>
    createRemoteStore(
      { sources: [gatewaySource(url + path, { fetch: globalThis.fetch, maxRedirects })] },
      { retries: 0 },
    );
  const codeOf = (path: string, maxRedirects?: number): Promise<string> =>
    over(path, maxRedirects)
      .getBytes(cidOf(leafBytes))
      .then(
        (bytes) => (bytes === undefined ? "absent" : bytes.join() === leafBytes.join() ? "block" : "WRONG"),
        (error: { cause?: { code?: string } }) => error.cause?.code ?? String(error),
      );
  const local = createMemoryBlockstore();
  const store = unionStoreOf<AsyncStore>([local, over("/good")], { heal: local });
  await store.getBytes(cidOf(leafBytes));
  const overlay = createOverlay(local);
  overlay.blocks.deleteSync(cidOf(leafBytes));
  const blocks: string[] = [];
  for await (const [cid] of gatewaySubtree(`${url}/good`, cidOf(rootBytes), { fetch: globalThis.fetch })) {
    blocks.push(toCid(cid).toString());
  }
  return {
    good: await codeOf("/good"),
    redirected: await codeOf("/redirect"),
    refused: await codeOf("/redirect", 0),
    liar: await codeOf("/liar"),
    absent: await codeOf("/absent"),
    busy: await codeOf("/busy"),
    endless: await codeOf("/endless"),
    healed: local.hasSync(cidOf(leafBytes)) && !overlay.blocks.hasSync(cidOf(leafBytes)),
    blocks,
  };
};
