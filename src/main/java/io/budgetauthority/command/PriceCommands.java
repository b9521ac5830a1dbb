package io.budgetauthority.command;

import io.budgetauthority.price.RowName;
import io.budgetauthority.price.review.PriceReview;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.price.table.PriceStore;
import io.budgetauthority.price.table.PriceTableRecord;
import io.budgetauthority.price.table.PriceTables;
import io.budgetauthority.tenant.store.ConfigurationJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import software.amazon.awssdk.services.s3.S3Client;

/// Imports and publishes price tables (docs/how-to/operate.md).
@Command(
    name = "prices",
    description = "Imports and publishes price tables.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
final class PriceCommands {

  private static final int MAX_LISTED = 100;

  @Spec private CommandSpec spec;

  private static int with(Bucket bucket, Function<PriceTables, Integer> action) {
    try (S3Client s3 = Bucket.s3()) {
      PriceStore store = new PriceStore(s3, bucket.name);
      return action.apply(new PriceTables(store, new PriceBook(store), Clock.systemUTC()));
    }
  }

  @Command(
      name = "list",
      description = "Lists the newest versions; * marks the one that applies.",
      mixinStandardHelpOptions = true)
  int list(@Mixin Bucket bucket) {
    return with(
        bucket,
        tables -> {
          String inForce = tables.versionInForce().orElse("");
          for (PriceTableRecord table : tables.list(MAX_LISTED, null)) {
            out()
                .printf(
                    "%s %s, %d rows, %s%n",
                    table.version().equals(inForce) ? "*" : " ",
                    table.version(),
                    table.rows(),
                    table.publishedAt() == null
                        ? "a draft of " + table.createdAt()
                        : "published " + table.publishedAt());
          }
          return 0;
        });
  }

  @Command(
      name = "draft",
      description = "Imports a price file in LiteLLM's format as a draft, and shows its review.",
      mixinStandardHelpOptions = true)
  int draft(
      @Mixin Bucket bucket, @Parameters(paramLabel = "FILE", description = "the file") Path file)
      throws IOException {
    long bytes = Files.size(file);
    if (bytes > PriceTables.MAX_SOURCE_BYTES) {
      throw new ParameterException(
          spec.commandLine(),
          file + " has " + bytes + " bytes, the most is " + PriceTables.MAX_SOURCE_BYTES);
    }
    byte[] source = Files.readAllBytes(file);
    String name = String.valueOf(file.getFileName());
    return with(
        bucket,
        tables ->
            switch (tables.draft(source, name, Operator.CALLER.principalId())) {
              case PriceTables.Drafted.Draft draft -> {
                show(draft.review());
                out()
                    .printf(
                        "%s is a draft; its review is %s%n",
                        draft.table().version(), draft.review().clean() ? "clean" : "not clean");
                yield 0;
              }
              case PriceTables.Drafted.Invalid invalid -> {
                show(invalid.review());
                yield refuse("the file cannot be imported: " + invalid.review().problems());
              }
            });
  }

  @Command(
      name = "publish",
      description = "Publishes a draft, which then applies.",
      mixinStandardHelpOptions = true)
  int publish(
      @Mixin Bucket bucket,
      @Option(names = "--accept-review", description = "publish although the review is not clean")
          boolean acceptReview,
      @Option(
              names = "--approve-zero",
              paramLabel = "PROVIDER/MODEL",
              description = "a row whose every price is zero and that really is free")
          List<String> approveZero,
      @Parameters(paramLabel = "VERSION", description = "the draft's version") String version) {
    List<RowName> zeros =
        approveZero == null ? List.of() : approveZero.stream().map(this::rowName).toList();
    return with(
        bucket,
        tables ->
            switch (tables.publish(version, acceptReview, zeros, Operator.CALLER.principalId())) {
              case PriceTables.Published.Done done -> {
                out().println(done.table().version() + " is published");
                yield 0;
              }
              case PriceTables.Published.Unknown unknown ->
                  refuse("there is no price table " + version);
              case PriceTables.Published.Unaccepted unaccepted -> {
                show(unaccepted.review());
                yield refuse("the review is not clean: read it, and state --accept-review");
              }
              case PriceTables.Published.NotZero notZero ->
                  refuse(
                      "--approve-zero "
                          + approveZero.get(notZero.index())
                          + " names no row of the table whose every price is zero");
              case PriceTables.Published.Moved moved ->
                  refuse(
                      "the draft was reviewed against "
                          + moved.reviewedAgainst()
                          + ", and in force is "
                          + moved.inForce()
                          + ": import the file again");
              case PriceTables.Published.OtherApprovals other ->
                  refuse(version + " was published with other rows in --approve-zero");
            });
  }

  private RowName rowName(String name) {
    int slash = name.indexOf('/');
    if (slash <= 0 || slash == name.length() - 1) {
      throw new ParameterException(
          spec.commandLine(), "--approve-zero is PROVIDER/MODEL, such as groq/llama-3");
    }
    return new RowName(name.substring(0, slash), name.substring(slash + 1));
  }

  private void show(PriceReview review) {
    out().println(ConfigurationJson.tree(review).toPrettyString());
  }

  private int refuse(String reason) {
    spec.commandLine().getErr().println(reason);
    return 1;
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }
}
