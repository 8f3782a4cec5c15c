/** True only if two types are identical, optional and read-only fields included. */
export type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/**
 * A schema's type as the library writes it: read-only, and an optional field is absent if it has no value.
 */
export type Shape<T> = T extends readonly (infer Element)[]
  ? readonly Shape<Element>[]
  : T extends object
    ? { readonly [Name in keyof T]: Shape<Exclude<T[Name], undefined>> }
    : T;

/** Does not compile unless its argument is true. */
export type Assert<Condition extends true> = Condition;
