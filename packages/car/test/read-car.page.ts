import { carBlocks, decodeCar } from "@copse/car";
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
  return { plain, zst, damaged };
};

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value;
}
