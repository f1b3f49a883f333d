import { carMakers } from "./car-make.ts";
import { carViewers } from "./car-show.ts";
import type { CommandSpec } from "./command.ts";

/** `copse car …` */
export const carCommands: readonly CommandSpec[] = [...carViewers, ...carMakers];
