import { Drawer } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { Loading } from "../../ui/states";
import { useKept } from "../../ui/useKept";

const PatientInShort = lazy(() => import("./PatientInShort"));

/** The drawer of a patient, over any screen. The address holds whose it is, so Back closes it. */
export function PatientDrawer() {
  const { patient } = useSearch({ from: "__root__" });
  const navigate = useNavigate();
  const shown = useKept(patient, "patient");
  return (
    <Drawer
      opened={patient !== undefined}
      onClose={() => void navigate({ to: ".", search: (previous) => ({ ...previous, patient: undefined }), replace: true, resetScroll: false })}
      position="right"
      title="Patient"
      zIndex={250} // over a dialog whose list of patients it was opened from
    >
      {shown !== undefined && (
        <Suspense fallback={<Loading />}>
          <PatientInShort key={shown} patientKey={shown} />
        </Suspense>
      )}
    </Drawer>
  );
}
