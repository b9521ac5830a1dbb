package io.budgetauthority;

import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.attribution.Measure;
import io.budgetauthority.decision.DegradedDecision;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.notification.BudgetEvent;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.Usage;
import io.budgetauthority.price.override.PriceOverride;
import io.budgetauthority.record.ChargedUsage;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.settlement.UsageCharge;
import io.budgetauthority.tenant.Calendar;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.store.TenantSnapshot;
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
      Decision.class,
      DecisionRequest.class,
      DegradedDecision.class,
      ChargedUsage.class,
      Policy.class,
      Price.class,
      PriceOverride.class,
      PriceTable.class,
      Problem.class,
      ProblemCode.class,
      Remedy.class,
      Measure.class,
      TenantSnapshot.class,
      Usage.class,
      UsageCharge.class,
      Verdict.Block.class,
      Verdict.Granted.class,
      Verdict.Unreserved.class
    },
    classNames = {
      "io.budgetauthority.api.configuration.IncreaseJson",
      "io.budgetauthority.api.configuration.IncreaseResource$IncreaseView",
      "io.budgetauthority.api.spend.AttributionResource$Spend",
      "io.budgetauthority.api.configuration.PolicyResource$PolicyView",
      "io.budgetauthority.api.view.OverrideView",
      "io.budgetauthority.api.configuration.TenantResource$TenantView",
      "io.budgetauthority.api.view.DecisionView",
      "io.budgetauthority.api.view.UsageView",
      "io.budgetauthority.decision.Outage$Message",
      "io.budgetauthority.price.table.IncomingPrices$Import",
      "io.budgetauthority.tenant.store.KeySnapshot"
    },
    registerFullHierarchy = true)
final class TypesInJson {}
