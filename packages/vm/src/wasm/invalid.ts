import { VmError } from "../errors.ts";

/** The error of a module that the reference does not load either, made and not thrown. */
export function invalidModule(offset: number, why: string): VmError<"vm/module-invalid"> {
  return new VmError("vm/module-invalid", { offset, why });
}
