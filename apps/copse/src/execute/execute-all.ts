import type { NodeOptions } from "../options.ts";
import { notExecuted } from "./execution.ts";
import type { NodeExecution } from "./node-execution.ts";

/**
 * Executes what can be, and waits for it.
 *
 * @throws {BlockError} what is wrong with the chain
 * @throws what kept it from being executed, where `--execute on` asks for it
 */
export async function executeAll(
  executed: NodeExecution | undefined,
  options: NodeOptions,
  signal: AbortSignal,
): Promise<void> {
  if (executed === undefined) return;
  const { execution } = executed;
  await execution.catchUp(signal);
  if (options.execute === "on" && execution.state.kind !== "idle") throw notExecuted(execution.state);
}
