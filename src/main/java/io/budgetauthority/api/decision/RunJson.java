package io.budgetauthority.api.decision;

import io.budgetauthority.input.Ids;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.Tuple;
import org.jspecify.annotations.Nullable;

/// Reads the bodies that create and change runs. Bad input gets a 400 problem that lists every
/// field.
final class RunJson {

  private RunJson() {}

  /// A run that is to be created.
  ///
  /// @param runId null where the authority issues one
  /// @param limit null for the policy's
  record Creation(
      @Nullable String runId,
      @Nullable MicroUsd limit,
      Tuple tuple,
      @Nullable String parentRunId) {}

  /// @param limit the new limit; null where it stays
  /// @param closes whether the run is closed
  record Change(@Nullable MicroUsd limit, boolean closes) {}

  static Creation readCreation(byte @Nullable [] body) {
    RequestFields fields = RequestFields.parse(body);
    Creation creation =
        new Creation(
            fields.oneOf("run_id", Ids::runId),
            fields.money("limit_usd"),
            new Tuple(
                fields.id("user_id"),
                fields.id("key_id"),
                fields.id("team_id"),
                fields.id("feature_id")),
            fields.oneOf("parent_run_id", Ids::runId));
    fields.end();
    return creation;
  }

  static Change readChange(byte @Nullable [] body) {
    RequestFields fields = RequestFields.parse(body);
    MicroUsd limit = fields.money("limit_usd");
    String state = fields.oneOf("state", RunJson::closed);
    if (!fields.has("limit_usd") && !fields.has("state")) {
      fields.error("limit_usd", "is required, or state");
    }
    fields.end();
    return new Change(limit, state != null);
  }

  private static String closed(String state) {
    if (!state.equals(Run.State.CLOSED.wireName())) {
      throw new IllegalArgumentException("can only be set to closed");
    }
    return state;
  }
}
