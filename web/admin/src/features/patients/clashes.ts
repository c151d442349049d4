// The times at which a patient is expected at two sessions at once.
//
// They are found among the patient's own sessions, by the API's definition of a PATIENT conflict. The field
// Occurrence.conflicts has those of every patient of a session, so that reading it here would put all of them into the
// access log.

type Session = { id: string; startsAt: string; endsAt: string; groupDefinition?: { id: string } | null };

/** Two groups that clash: the first time at which they do, and how many later times. */
export type Clash<Of extends Session> = { key: string; first: Of; second: Of; more: number };

/** Return the clashes of sessions, by the start of their first time. */
export function clashesIn<Of extends Session>(sessions: readonly Of[]): Clash<Of>[] {
  const ordered = sessions.toSorted((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt));
  const clashes = new Map<string, Clash<Of>>();
  ordered.forEach((first, index) => {
    for (const second of ordered.slice(index + 1)) {
      if (Date.parse(second.startsAt) >= Date.parse(first.endsAt)) break;
      const key = [groupOf(first), groupOf(second)].toSorted().join();
      const clash = clashes.get(key);
      clashes.set(key, clash === undefined ? { key, first, second, more: 0 } : { ...clash, more: clash.more + 1 });
    }
  });
  return [...clashes.values()];
}

function groupOf({ id, groupDefinition }: Session): string {
  return groupDefinition?.id ?? id;
}
