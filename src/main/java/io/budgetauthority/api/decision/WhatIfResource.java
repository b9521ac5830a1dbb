package io.budgetauthority.api.decision;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.api.configuration.PolicyJson;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.TimeSpan;
import io.budgetauthority.attribution.DecisionLists;
import io.budgetauthority.decision.rule.WhatIf;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.override.PriceOverrides;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.Policies;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Says what a policy would have decided about the asks of a time (protocol.md#what-if). It changes
/// nothing.
@Path("/budget/policy/what-if")
@Produces(MediaType.APPLICATION_JSON)
public final class WhatIfResource {

  /// The most differences that are shown.
  private static final int MAX_SHOWN = 100;

  private final Access access;
  private final ListedDecisions decisions;
  private final Policies policies;
  private final PriceBook prices;
  private final PriceOverrides overrides;
  private final Clock clock;

  WhatIfResource(
      Access access,
      DecisionLists lists,
      Ledger ledger,
      Policies policies,
      PriceBook prices,
      PriceOverrides overrides,
      Clock clock) {
    this.access = access;
    this.decisions = new ListedDecisions(lists, ledger, clock);
    this.policies = policies;
    this.prices = prices;
    this.overrides = overrides;
    this.clock = clock;
  }

  /// What was decided, or would be.
  public record OutcomeView(
      @JsonProperty("decision") String decision,
      @JsonProperty("code") @Nullable ProblemCode code,
      @JsonProperty("model") @Nullable String model,
      @JsonProperty("estimate_usd") @Nullable MicroUsd estimate) {

    private static OutcomeView of(WhatIf.Outcome outcome) {
      return new OutcomeView(
          outcome.decision(), outcome.code(), outcome.model(), outcome.estimate());
    }
  }

  /// A decision that would be another.
  public record Difference(
      @JsonProperty("decision_id") String decisionId,
      @JsonProperty("created_at") Instant createdAt,
      @JsonProperty("was") OutcomeView was,
      @JsonProperty("would_be") OutcomeView wouldBe) {}

  /// @param read how many decisions were made again
  /// @param complete whether those are all of the time that fit
  /// @param was how many there are of each outcome; `wouldBe`: how many there would be
  /// @param differences how many would be another
  /// @param items the newest of those, at most 100
  public record Comparison(
      @JsonProperty("from") Instant from,
      @JsonProperty("to") Instant to,
      @JsonProperty("read") int read,
      @JsonProperty("complete") boolean complete,
      @JsonProperty("was") Map<String, Integer> was,
      @JsonProperty("would_be") Map<String, Integer> wouldBe,
      @JsonProperty("differences") int differences,
      @JsonProperty("items") List<Difference> items) {}

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  public Comparison compare(@BeanParam DecisionFilter filter, byte @Nullable [] body) {
    Caller caller = access.require(Role.ADMIN);
    filter.check();
    Policy other = PolicyJson.read(body, policies.of(caller.tenantId()).policy().timeZone());
    PriceTable table =
        prices
            .current()
            .orElseThrow(() -> new StorageUnavailable("no price table is loaded yet", null));
    WhatIf whatIf =
        new WhatIf(
            caller.tenantId(),
            other,
            table,
            (provider, model) -> overrides.find(caller.tenantId(), table, provider, model));
    TimeSpan span = filter.span(clock.instant());
    ListedDecisions.Found found = decisions.find(caller, filter, span);
    Map<String, Integer> was = new TreeMap<>();
    Map<String, Integer> wouldBe = new TreeMap<>();
    List<Difference> different = new ArrayList<>();
    int read = 0;
    for (Reservation reservation : found.reservations()) {
      Decision decision = reservation.decision();
      if (!WhatIf.isRepeatable(decision)) {
        continue;
      }
      read++;
      WhatIf.Outcome before = WhatIf.Outcome.of(decision);
      WhatIf.Outcome after = whatIf.decide(decision);
      was.merge(before.decision(), 1, Integer::sum);
      wouldBe.merge(after.decision(), 1, Integer::sum);
      if (after.differsFrom(before)) {
        different.add(
            new Difference(
                reservation.id().decisionId(),
                decision.createdAt(),
                OutcomeView.of(before),
                OutcomeView.of(after)));
      }
    }
    return new Comparison(
        span.from(),
        span.to(),
        read,
        found.next() == null,
        was,
        wouldBe,
        different.size(),
        List.copyOf(different.subList(0, Math.min(MAX_SHOWN, different.size()))));
  }
}
