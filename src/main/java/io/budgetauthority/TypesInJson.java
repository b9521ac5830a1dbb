package io.budgetauthority;

import io.budgetauthority.api.Problem;
import io.budgetauthority.attribution.Measure;
import io.budgetauthority.attribution.StoredDecision;
import io.budgetauthority.decision.DecisionRequest;
import io.budgetauthority.decision.DegradedDecision;
import io.budgetauthority.decision.ProblemCode;
import io.budgetauthority.decision.Remedy;
import io.budgetauthority.notification.BudgetEvent;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceOverride;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.Usage;
import io.budgetauthority.settlement.Particulars;
import io.budgetauthority.settlement.UsageCharge;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.TenantSnapshot;
import io.quarkus.runtime.annotations.RegisterForReflection;

/// Registers the types that are read or written as JSON but are in no signature of a resource: they
/// are stored, sent, hashed, published or answered within a `Response`. A native executable has
/// reflection only for types that the build is told. The types of their members are registered with
/// them. The core knows nothing about builds, so the types are listed here.
@RegisterForReflection(
    targets = {
      BudgetEvent.class,
      Calendar.class,
      Caller.class,
      Ceiling.class,
      DecisionRequest.class,
      DegradedDecision.class,
      Particulars.class,
      Policy.class,
      Price.class,
      PriceOverride.class,
      PriceTable.class,
      Problem.class,
      ProblemCode.class,
      Remedy.class,
      Measure.class,
      StoredDecision.class,
      TenantSnapshot.class,
      Usage.class,
      UsageCharge.class
    },
    classNames = {
      "io.budgetauthority.api.AttributionResource$Spend",
      "io.budgetauthority.api.PolicyResource$PolicyView",
      "io.budgetauthority.api.PriceOverrideResource$OverrideView",
      "io.budgetauthority.api.TenantResource$TenantView",
      "io.budgetauthority.attribution.StoredDecision$Heard",
      "io.budgetauthority.decision.InputBound$Basis",
      "io.budgetauthority.decision.Outage$Message",
      "io.budgetauthority.price.IncomingPrices$Import",
      "io.budgetauthority.tenant.KeySnapshot"
    },
    registerFullHierarchy = true)
final class TypesInJson {}
