// What the program calls never throws: an exception that passes through the program leaves it broken for good, because what it had
// borrowed stays so.

/** @template {unknown[]} A @template R
 * @param {(...given: A) => R} act @param {() => R} instead what the program gets then @returns {(...given: A) => R} */
export function guarded(act, instead) {
  return (...given) => {
    try {
      const result = act(...given);
      if (result instanceof Promise) result.catch((error) => console.warn("a call has failed:", error));
      return result;
    } catch (error) {
      console.warn("a call has failed:", error);
      return instead();
    }
  };
}

export const nothing = () => {};
