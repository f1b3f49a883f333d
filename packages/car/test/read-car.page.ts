import { carBlocks, decodeCar } from "@copse/car";
import { blobAccess, bytesAccess, createCarStore, httpAccess } from "@copse/car/store";
import { decompressZstd } from "@copse/car/zstd";

/** Runs in the page: counts the blocks of both files, and says what a flipped bit is found to be. */
export default async (input: { car: string; zst: string }): Promise<unknown> => {
  let plain = 0;
  for await (const _ of carBlocks(chunksOf(await fetch(input.car)))) plain++;
  let zst = 0;
  for await (const _ of carBlocks(decompressZstd(chunksOf(await fetch(input.zst))))) zst++;
  const bytes = new Uint8Array(await (await fetch(input.car)).arrayBuffer());
  bytes[700_000] = (bytes[700_000] as number) ^ 1;
  let damaged = "";
  try {
    decodeCar(bytes);
  } catch (error) {
    damaged = (error as { code: string }).code;
  }
  return { plain, zst, damaged, ...(await inPlace(input)) };
};

/** Blocks of the compressed file through a Blob, memory and HTTP: how many are what the decompressed file has. */
async function inPlace({ zst }: { zst: string }): Promise<Record<string, unknown>> {
  const blob = await (await fetch(zst)).blob();
  const later = await createCarStore(blobAccess(blob));
  const atOnce = await createCarStore(bytesAccess(new Uint8Array(await blob.arrayBuffer())));
  const bytes = new Uint8Array(await blob.arrayBuffer());
  // Ranges as a server gives them, out of what was fetched.
  const ranged = await createCarStore(
    await httpAccess(zst, {
      async fetch(_url, { headers }) {
        const [from, to] = (headers["range"] ?? "").slice(6).split("-").map(Number) as [number, number];
        const range = `bytes ${from}-${to}/${bytes.length}`;
        return new Response(bytes.slice(from, to + 1), { status: 206, headers: { "content-range": range } });
      },
    }),
  );
  let good = 0;
  for await (const block of carBlocks(decompressZstd(bytes))) {
    const answers = [await later.getBytes(block.cid), atOnce.getSync(block.cid), await ranged.getBytes(block.cid)];
    if (answers.every((answer) => answer !== undefined && answer.length === block.bytes.length)) good++;
  }
  return { good, kind: later.kind };
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value;
}
