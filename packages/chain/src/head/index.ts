export { Assembler, type AssemblerOptions, type Want } from "./assembler.ts";
export { BadBlocks, type BadReason } from "./bad-blocks.ts";
export { BlockTable } from "./block-table.ts";
export { type HeadCandidate, isBetterHead } from "./compare-heads.ts";
export { type HeadDecision, type HeadListener, HeadTracker } from "./head-tracker.ts";
export { type DueTipset, Intake, type IntakeMoment, type IntakeOptions, type IntakeResult } from "./intake.ts";
export { SeenCache } from "./seen-cache.ts";
