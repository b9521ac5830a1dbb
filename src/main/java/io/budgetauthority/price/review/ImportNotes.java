package io.budgetauthority.price.review;

import io.budgetauthority.price.review.PriceReview.Finding;
import io.budgetauthority.price.review.PriceReview.KeptOut;
import io.budgetauthority.price.review.PriceReview.Problem;
import io.budgetauthority.price.review.PriceReview.UnknownField;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What an import reports beside the table: the problems for which the file is refused, and the
/// notes of the review. One thread fills it while it reads the file.
public final class ImportNotes {

  /// A file with this many problems is described well enough.
  private static final int MAX_PROBLEMS = 200;

  private static final Comparator<Finding> BY_MODEL =
      Comparator.comparing(Finding::model).thenComparing(Finding::field);

  private final List<Problem> problems = new ArrayList<>();
  private final List<Finding> untrustedWrites = new ArrayList<>();
  private final List<Finding> variants = new ArrayList<>();
  private final List<Finding> notApplied = new ArrayList<>();
  private final List<KeptOut> keptOut = new ArrayList<>();
  private final Map<String, Integer> unknownFields = new TreeMap<>();

  /// Notes why the file makes no table. The first 200 are kept.
  public void problem(String model, String field, String reason) {
    if (problems.size() < MAX_PROBLEMS) {
      problems.add(new Problem(model, field, reason));
    }
  }

  /// A price for cache writes that is not trusted.
  public void untrustedWrite(String model, String field, String price) {
    untrustedWrites.add(
        new Finding(model, field, price, "under half of the input's price: charged as input"));
  }

  /// A unit or a tool whose price depends on a variant.
  public void variants(String model, String billed) {
    variants.add(
        new Finding(model, billed, "", "held at the dearest variant, charged at the one used"));
  }

  /// Notes a figure that is not charged.
  public void notApplied(String model, String field, String figure, String reason) {
    notApplied.add(new Finding(model, field, figure, reason));
  }

  /// Notes a row of the file that the table will not have.
  public void keptOut(String model, String reason) {
    keptOut.add(new KeptOut(model, reason));
  }

  /// Counts a field that nobody knows.
  public void unknownField(String field) {
    unknownFields.merge(field, 1, Integer::sum);
  }

  public List<Problem> problems() {
    return List.copyOf(problems);
  }

  List<Finding> untrustedWrites() {
    return untrustedWrites.stream().sorted(BY_MODEL).toList();
  }

  public List<Finding> variants() {
    return variants.stream().sorted(BY_MODEL).toList();
  }

  public List<Finding> notApplied() {
    return notApplied.stream().sorted(BY_MODEL).toList();
  }

  public List<KeptOut> keptOut() {
    return keptOut.stream().sorted(Comparator.comparing(KeptOut::model)).toList();
  }

  List<UnknownField> unknownFields() {
    List<UnknownField> fields = new ArrayList<>();
    unknownFields.forEach((field, rows) -> fields.add(new UnknownField(field, rows)));
    return fields;
  }
}
