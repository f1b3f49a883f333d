import type { CarError } from "./errors.ts";

/** A stretch of a file that gave no blocks. */
export interface CarLoss {
  /** Of the file, compressed where it is. Unit: bytes. */
  readonly offset: number;
  readonly length: number;
  readonly why: string;
}

/** What a salvage saved and lost; grows while the blocks are taken, and is final after the last. */
export interface SalvageReport {
  /** Good blocks, and the bytes of their data. */
  blocks: number;
  bytes: number;
  /** Blocks left out: their bytes do not hash to their CID, or by a hash that is unknown here. */
  badBlocks: number;
  /** The first hundred stretches that gave nothing. */
  readonly losses: CarLoss[];
  lostBytes: number;
}

const lossLimit = 100;

/** Keeps a report. */
export class SalvageCount {
  readonly report: SalvageReport = { blocks: 0, bytes: 0, badBlocks: 0, losses: [], lostBytes: 0 };

  good(bytes: number): void {
    this.report.blocks++;
    this.report.bytes += bytes;
  }

  bad(blocks: number): void {
    this.report.badBlocks += blocks;
  }

  lost(offset: number, end: number, { message }: CarError): void {
    const { losses } = this.report;
    this.report.lostBytes += end - offset;
    if (losses.length < lossLimit) losses.push({ offset, length: end - offset, why: message });
  }
}
