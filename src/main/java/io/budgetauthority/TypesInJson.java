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

/// What is read or written as JSON and is in no signature of a resource, since it is stored, sent,
/// hashed, published or answered within a `Response`. In a native executable there is no reflection
/// but where the build is told. Types that these are made of are registered with them. The core
/// knows nothing of builds, hence they are named here.
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
