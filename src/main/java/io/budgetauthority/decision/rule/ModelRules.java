package io.budgetauthority.decision.rule;

import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.StarPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a policy says about one row. The rules depend on the row itself, never on how an ask
/// spelled its name (pricing.md#names).
///
/// @param allowed whether the policy allows the row's model
/// @param maxOutputTokens the policy's highest output cap for it; null for none
public record ModelRules(boolean allowed, @Nullable Long maxOutputTokens) {

  /// The rules for a name that means no row.
  public static final ModelRules NO_ROW = new ModelRules(true, null);

  /// The rules of a policy for a row.
  ///
  /// @param prices what names mean to the tenant
  public static ModelRules of(Policy policy, Price row, Candidates.Prices prices) {
    return new ModelRules(isAllowed(policy, row, prices), maxOutputTokens(policy, row, prices));
  }

  private static boolean isAllowed(Policy policy, Price row, Candidates.Prices prices) {
    List<String> allowed = policy.allowedModels();
    return allowed.isEmpty()
        || allowed.stream().anyMatch(name -> matches(name, row) || means(name, row, prices));
  }

  private static @Nullable Long maxOutputTokens(
      Policy policy, Price row, Candidates.Prices prices) {
    Long least = policy.outputCap().maxTokens();
    for (Map.Entry<String, Long> cap : policy.outputCap().maxTokensByModel().entrySet()) {
      if ((least == null || cap.getValue() < least) && means(cap.getKey(), row, prices)) {
        least = cap.getValue();
      }
    }
    return least;
  }

  /// Whether a name of the policy means the row.
  static boolean means(String name, Price row, Candidates.Prices prices) {
    return name.indexOf(StarPattern.STAR) < 0
        && row.names().contains(name)
        && prices.find(null, name) instanceof PriceTable.Found.Row found
        && PriceTable.isSameRow(found.price(), row);
  }

  /// Whether a name with stars matches one of the row's names, or its provider and model with a
  /// slash between.
  private static boolean matches(String name, Price row) {
    if (name.indexOf(StarPattern.STAR) < 0) {
      return false;
    }
    StarPattern pattern = new StarPattern(name);
    return row.names().stream().anyMatch(pattern::matches)
        || pattern.matches(row.provider() + "/" + row.model());
  }

  /// The warnings about a policy's `allowed_models`: an entry that matches no row, or that means
  /// several rows.
  ///
  /// @param rows every row of the table and every override
  public static List<String> warnings(Policy policy, List<Price> rows, Candidates.Prices prices) {
    List<String> warnings = new ArrayList<>();
    for (String name : policy.allowedModels()) {
      if (name.indexOf(StarPattern.STAR) >= 0) {
        if (rows.stream().noneMatch(row -> matches(name, row))) {
          warnings.add("allowed_models: " + name + " matches no model");
        }
        continue;
      }
      switch (prices.find(null, name)) {
        case PriceTable.Found.Row row -> {}
        case PriceTable.Found.Unknown unknown ->
            warnings.add("allowed_models: " + name + " matches no model");
        case PriceTable.Found.Ambiguous ambiguous ->
            warnings.add(
                "allowed_models: "
                    + name
                    + " means several models and allows none of them: "
                    + String.join(", ", ambiguous.candidates()));
      }
    }
    return warnings;
  }
}
