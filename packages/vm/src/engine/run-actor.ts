import { ActorExit } from "../actor-exit.ts";
import { BlockRegistry, noBlock } from "../block-registry.ts";
import type { Invocation, InvocationResult } from "../call-manager/call.ts";
import type { CallManager } from "../call-manager/call-manager.ts";
import { exitCodes } from "../exit-codes.ts";
import { wasmMemory, wasmTable } from "../gas/prices.ts";
import { Kernel } from "../kernel/kernel.ts";
import { FatalError, OutOfGas } from "../syscall-error.ts";
import { ownModule } from "../wasm/prepared-writer.ts";
import { ActorInstance } from "./actor-instance.ts";
import { bind } from "./bind.ts";
import type { LoadedModule } from "./engine.ts";
import { isEntrypoint } from "./entrypoint.ts";
import { importsOf } from "./link.ts";
import { host, type WasmGlobal, type WasmInstance, type WasmMemory } from "./web-assembly.ts";

const entrypointName = "invoke";

/**
 * Runs an actor's code once, in an instance of its own.
 *
 * @throws {OutOfGas} {FatalError}
 * @throws {HostFault} what is no fact of the chain: a missing block, the end of this machine's stack or memory
 * @see ref-fvm:fvm/src/call_manager/default.rs call_actor_resolved
 */
export function runActor(calls: CallManager, invocation: Invocation): InvocationResult {
  const { fvm } = calls.core.rules;
  const blocks = new BlockRegistry(fvm);
  const paramsId = invocation.params === undefined ? noBlock : blocks.putReachable(invocation.params);
  const kernel = new Kernel(calls, blocks, invocation);
  const instance = new ActorInstance(calls);
  try {
    const blockId = invoke(kernel, instance, paramsId);
    if (blockId === noBlock) return { exitCode: exitCodes.OK, value: undefined };
    if (blocks.has(blockId)) return { exitCode: exitCodes.OK, value: blocks.get(blockId) };
    const missing = new ActorExit(exitCodes.SYS_MISSING_RETURN, noBlock, "returned block does not exist");
    return exited(kernel, instance, missing);
  } catch (error) {
    if (error instanceof ActorExit) return exited(kernel, instance, error);
    if (error instanceof OutOfGas) note(kernel, instance, exitCodes.SYS_OUT_OF_GAS, "out of gas");
    if (error instanceof FatalError) note(kernel, instance, exitCodes.SYS_ASSERTION_FAILED, "fatal error");
    throw error;
  }
}

/** The result of an actor's own end. @throws {FatalError} it names a block that it does not have */
function exited(kernel: Kernel, instance: ActorInstance, { exitCode, blockId, message }: ActorExit): InvocationResult {
  const { blocks } = kernel;
  if (blockId !== noBlock && !blocks.has(blockId)) {
    note(kernel, instance, exitCodes.SYS_MISSING_RETURN, "error getting exit data block");
    throw new FatalError(`an actor exits with block ${blockId}, which does not exist`);
  }
  if (exitCode !== exitCodes.OK) note(kernel, instance, exitCode, message);
  return { exitCode, value: blockId === noBlock ? undefined : blocks.get(blockId) };
}

function note({ calls, invocation }: Kernel, { lastError }: ActorInstance, exitCode: number, message: string): void {
  if (lastError !== undefined) calls.backtrace.begin(lastError);
  calls.backtrace.push({ source: invocation.to, method: invocation.method, exitCode, message });
}

/** From code to the handle it returns. @throws {ActorExit} {OutOfGas} {FatalError} {HostFault} */
function invoke(kernel: Kernel, instance: ActorInstance, paramsId: number): number {
  const { core, invocation } = kernel;
  const { fvm } = core.rules;
  // FVM 2 compiles the built-in actors beforehand, and nothing else
  if (fvm === 2 && core.manifest.typeOf(invocation.code) === 0) throw new FatalError("actor code not found");
  const loaded = core.engine.load(invocation.code, fvm, core.store);
  if (fvm !== 2) chargeForInit(kernel, loaded);
  const running = instantiate(kernel, instance, loaded);
  const memory = running.exports["memory"];
  if (!(memory instanceof host.Memory)) throw new FatalError("actor has no memory export");
  instance.memory.attach(memory);
  const run = running.exports[entrypointName];
  if (typeof run !== "function") {
    if (fvm !== 4) throw new FatalError("actor has no invoke export");
    throw new ActorExit(exitCodes.SYS_INVALID_RECEIVER, noBlock, "cannot upgrade to the actor's code");
  }
  if (!isEntrypoint(loaded, run)) throw new FatalError("the actor's invoke export is of another type");
  instance.exec.refresh();
  let returned = noBlock;
  let thrown: { readonly error: unknown } | undefined;
  try {
    returned = run(paramsId);
  } catch (error) {
    thrown = { error: classify(error) };
  }
  instance.exec.charge(); // out of gas here wins over whatever the call came to
  if (thrown !== undefined) throw thrown.error;
  return returned >>> 0;
}

/** Memory and tables that an instance has from the start. */
function chargeForInit({ core, gas }: Kernel, { shape }: LoadedModule): void {
  if (shape.memory === undefined) throw new FatalError("actor has no memory export");
  if (shape.initTableElements > 0) gas.charge("wasm_table_init", wasmTable(core.prices, shape.initTableElements));
  gas.charge("wasm_memory_init", wasmMemory(core.prices, shape.memory.minPages));
}

function instantiate(kernel: Kernel, instance: ActorInstance, loaded: LoadedModule): WasmInstance {
  const { fvm } = kernel.core.rules;
  const rows = importsOf(loaded, fvm);
  const { shape } = loaded;
  let running: WasmInstance | undefined;
  const memoryOf = (): WasmMemory => running?.exports["memory"] as WasmMemory;
  const imports: Record<string, Record<string, unknown>> = { [ownModule]: instance.growth(shape, memoryOf) };
  for (const row of rows) {
    imports[row.module] ??= {};
    (imports[row.module] as Record<string, unknown>)[row.name] = bind(row, instance, kernel);
  }
  const failed = (why: string): ActorExit | FatalError =>
    fvm === 2
      ? new FatalError(`failed to instantiate module: ${why}`)
      : new ActorExit(exitCodes.SYS_ILLEGAL_INSTRUCTION, noBlock, `failed to instantiate module: ${why}`);
  if (!kernel.calls.memory.take(shape.memory?.minPages ?? 0, shape.tableElements)) throw failed("memory limit");
  try {
    running = new host.Instance(loaded.module, imports);
  } catch (error) {
    if (error instanceof host.RuntimeError) throw failed(error.message); // data or elements out of bounds
    throw classify(error);
  }
  const { exec } = instance;
  exec.attach(running.exports[shape.gasExport] as WasmGlobal);
  if (fvm !== 2) exec.refresh();
  let why: string | undefined;
  if (shape.startExport !== undefined) why = start(running.exports[shape.startExport]);
  if (fvm !== 2) exec.charge();
  if (why !== undefined) throw failed(why);
  return running;
}

/** Runs a start function, which has no memory to show to syscalls yet. @returns why it failed, whatever the reason */
function start(run: unknown): string | undefined {
  try {
    (run as () => void)();
    return undefined;
  } catch (error) {
    const end = classify(error);
    return end instanceof ActorExit ? end.message : end instanceof FatalError ? end.reason : "out of gas";
  }
}

/** What an error thrown through WebAssembly means. What is no fact of the chain is thrown from here. */
function classify(error: unknown): ActorExit | OutOfGas | FatalError {
  if (error instanceof ActorExit || error instanceof OutOfGas || error instanceof FatalError) return error;
  if (error instanceof host.RuntimeError) {
    return new ActorExit(exitCodes.SYS_ILLEGAL_INSTRUCTION, noBlock, error.message);
  }
  throw error; // the end of the stack, say: how deep it is differs between machines. The machine tells what it was
}
