import { useEffect, useRef, useState } from "react";
import { readFragment } from "../../api/generated";
import { EnrollmentRowFields } from "./enrollmentRow";
import { useMove } from "./useMove";
import type { Waiting } from "./Waitlist";

type Pending = {
  id: string;
  place: number;
  /** The list as it was known when the server accepted the move; null while it decides. */
  acceptedAt: readonly Waiting[] | null;
};

/**
 * Return this page of the waitlist in the order to show, and a function that moves a patient. The new order shows at once, and stays
 * until the server has sent the list again. If it refuses, the order is as it was.
 */
export function useWaitlistOrder(waitlist: readonly Waiting[], firstPlace: number) {
  const [run, moving] = useMove();
  const [pending, setPending] = useState<Pending | null>(null);
  const latest = useRef(waitlist);
  useEffect(() => {
    latest.current = waitlist;
  }, [waitlist]);
  const isOutdated = pending !== null && pending.acceptedAt !== null && pending.acceptedAt !== waitlist;
  if (isOutdated) setPending(null);

  async function move(waiting: Waiting, place: number): Promise<void> {
    const { id, patient } = readFragment(EnrollmentRowFields, waiting);
    setPending({ id, place, acceptedAt: null });
    const { faults } = await run({ id, name: patient?.displayName ?? "", position: place });
    setPending(faults === null ? { id, place, acceptedAt: latest.current } : null);
  }

  return { shown: pending === null || isOutdated ? waitlist : moved(waitlist, pending, firstPlace), move, moving };
}

function moved(waitlist: readonly Waiting[], { id, place }: Pending, firstPlace: number): readonly Waiting[] {
  const from = waitlist.findIndex((waiting) => readFragment(EnrollmentRowFields, waiting).id === id);
  const waiting = waitlist[from];
  return waiting === undefined ? waitlist : waitlist.toSpliced(from, 1).toSpliced(Math.max(0, place - firstPlace), 0, waiting);
}
