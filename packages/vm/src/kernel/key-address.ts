import { blockMissing, CborReader, type CidBytes } from "@copse/ipld";
import { equalBytes, isCopseError } from "@copse/primitives";
import type { Address } from "@copse/types";
import { isKeyAddress, readAddress } from "../addresses.ts";
import type { MachineCore } from "../machine/core.ts";
import { FatalError, SyscallError } from "../syscall-error.ts";

/** Told before an account's state is read, and of its size. */
export interface AccountReadCharges {
  beforeRead(): void;
  ofSize(bytes: number): void;
}

/**
 * The key address of an account, as FVM 2 looks it up.
 *
 * @throws {SyscallError} `NotFound`, `IllegalArgument` of an actor that is no account
 * @throws {HostFault} `host/block-missing`
 * @see ref-fvm release/v2:fvm/src/kernel/default.rs resolve_to_key_addr
 */
export function keyAddressOf(core: MachineCore, address: Address, charges?: AccountReadCharges): Address {
  if (isKeyAddress(address)) return address;
  const id = core.tree.lookupId(address);
  const actor = id === undefined ? undefined : core.tree.getActor(id);
  if (actor === undefined) throw new SyscallError("NotFound", "the actor does not exist");
  if (!equalBytes(actor.code, core.manifest.account)) {
    throw new SyscallError("IllegalArgument", "the actor is no account");
  }
  charges?.beforeRead();
  const block = core.store.getSync(actor.head);
  if (block === undefined) throw blockMissing(actor.head);
  charges?.ofSize(block.length);
  return readAccountState(block, actor.head);
}

/** Shape: `[address]`. */
function readAccountState(block: Uint8Array, head: CidBytes): Address {
  try {
    const reader = new CborReader(block);
    reader.array(1);
    const address = readAddress(reader.bytes(), 2);
    reader.end();
    if (address !== undefined) return address;
  } catch (error) {
    if (!isCopseError(error, "cbor/")) throw error;
  }
  throw new FatalError(`state of an account is none: ${head.length} B CID`);
}
