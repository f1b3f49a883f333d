import { cidOf } from "@copse/ipld";
import { expect, it } from "vitest";
import { createRemoteStore, gatewaySource } from "../../src/remote.ts";

it("a gateway that sends its answer byte by byte is read all the same", async () => {
  const block = Uint8Array.from({ length: 400_000 }, (_, i) => i & 127);
  const body = (): ReadableStream<Uint8Array> => {
    let at = 0;
    return new ReadableStream({
      pull(controller) {
        for (let i = 0; i < 4096 && at < block.length; i++) controller.enqueue(block.slice(at, ++at));
        if (at === block.length) controller.close();
      },
    });
  };
  const headers = { "content-type": "application/vnd.ipld.raw" };
  const source = gatewaySource("http://gateway.example", { fetch: async () => new Response(body(), { headers }) });
  const store = createRemoteStore({ sources: [source] }, { retries: 0 });
  expect(await store.getBytes(cidOf(block))).toEqual(block);
});
