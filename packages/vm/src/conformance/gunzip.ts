import { joinBytes } from "@copse/primitives";
import { VmError } from "../errors.ts";

/**
 * Decompresses gzip, up to a limit.
 *
 * @throws {VmError} `vm/vector-malformed`, `vm/vector-too-long`
 */
export async function gunzip(field: string, bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  // Damage shows on the side that is read.
  const written = Promise.all([writer.write(bytes as Uint8Array<ArrayBuffer>), writer.close()]).catch(() => {});
  const reader = stream.readable.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.length;
      if (length > limit) throw new VmError("vm/vector-too-long", { field, limit });
      parts.push(part.value);
    }
  } catch (error) {
    if (error instanceof VmError) throw error;
    const why = `not gzip: ${error instanceof Error ? error.message : String(error)}`;
    throw new VmError("vm/vector-malformed", { field, why }, { cause: error });
  } finally {
    await reader.cancel().catch(() => {});
    await written;
  }
  return joinBytes(parts);
}
