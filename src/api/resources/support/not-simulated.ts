/** What the simulation keeps but does not act on is said aloud, never passed over. */
export function notSimulated(plural: string, consequence: string): (object: unknown, old: unknown) => string[] {
  return (_object, old) => (old ? [] : [`kubesim stores ${plural} but nothing acts on them yet: ${consequence}`]);
}
