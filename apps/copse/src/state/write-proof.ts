import { writeFileSync } from "node:fs";
import { HostFault } from "@copse/primitives";
import { type StateProof, verifyProof } from "@copse/state/proof";
import { mayOverwrite } from "../commands/car-output.ts";
import type { CommandContext } from "../commands/command.ts";
import { NodeError } from "../errors.ts";

/**
 * Writes a proof to a file, after it was checked as anybody else will check it.
 *
 * @throws {NodeError} `copse/output-exists`
 * @throws {HostFault} `host/store-failed`
 */
export async function writeProof(
  context: CommandContext,
  file: string,
  proof: StateProof,
): Promise<{ readonly file: string; readonly blocks: number; readonly bytes: number }> {
  const { blocks, bytes } = verifyProof(proof.file, { paths: proof.reads.map(({ path }) => path) });
  try {
    if (file === "-") await context.writeBytes(proof.file);
    else writeFileSync(file, proof.file, { flag: mayOverwrite(context) ? "w" : "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw new NodeError("copse/output-exists", { file });
    throw new HostFault("host/store-failed", { operation: `write ${file}`, reason: String(error) }, { cause: error });
  }
  return { file, blocks, bytes };
}
