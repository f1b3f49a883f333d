import type { NodeOptions } from "../options.ts";
import { assemble, checkChain, type SyncContext } from "../sync/assemble.ts";
import { notExecuted } from "./execution.ts";
import type { NodeExecution } from "./node-execution.ts";

/**
 * Assembles the chain below a tipset, and has it executed where there is a state to begin with. Leaders are judged last
 * then: by the states that were computed.
 *
 * @param linked - is called once the chain is assembled, before it is executed
 * @throws as `assemble` and {@link executeAll}
 */
export async function assembleAndExecute(
  head: Parameters<typeof assemble>[0],
  context: SyncContext,
  executed: NodeExecution | undefined,
  options: NodeOptions,
  linked: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const leavesLeaders = executed?.isWhole === true;
  await assemble(head, { ...context, leavesLeaders }, signal);
  await linked();
  await executeAll(executed, options, signal);
  if (executed !== undefined) await checkChain(context, signal);
}

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
