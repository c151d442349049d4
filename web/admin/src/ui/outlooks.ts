import type { ComplianceOutlook } from "../api/generated/graphql";

/** The outlooks in the order of the board, the worst first. */
export const OUTLOOKS: Record<ComplianceOutlook, string> = {
  CANNOT_BE_MET: "Cannot be met",
  AT_RISK: "At risk",
  ON_TRACK: "On track",
  MET: "Met",
};
