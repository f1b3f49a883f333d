/** An actor's own end, thrown through its WebAssembly. Never leaves the VM; not an `Error`, since nobody reads a stack of it. */
export class ActorExit {
  readonly exitCode: number;
  /** Handle of the block it returns, 0 for none. */
  readonly blockId: number;
  readonly message: string;

  constructor(exitCode: number, blockId: number, message: string) {
    this.exitCode = exitCode;
    this.blockId = blockId;
    this.message = message;
  }
}
