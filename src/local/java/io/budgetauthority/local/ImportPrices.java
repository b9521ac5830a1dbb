package io.budgetauthority.local;

import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.litellm.LiteLlmImport;
import io.budgetauthority.price.litellm.LiteLlmImport.Edition;
import io.budgetauthority.price.litellm.LiteLlmImport.Imported;
import io.budgetauthority.price.litellm.LiteLlmImport.Refused;
import io.budgetauthority.price.table.PriceTableJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/// Makes a price table from a copy of LiteLLM's file on the command line, and prints the review. If
/// the file is refused, no table is made, its problems go to standard error, and the exit status is
/// 1.
public final class ImportPrices {

  private ImportPrices() {}

  /// Arguments: the file, the table's version, its time of creation, the name of its source, the
  /// folder to write to and, if there is one, the previous table.
  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 5 || arguments.length > 6) {
      System.err.println(
          "arguments: <file> <version> <created_at> <source> <folder> [<previous table>]");
      System.exit(2);
    }
    PriceTable previous = arguments.length == 6 ? read(Path.of(arguments[5])) : null;
    Edition edition =
        new Edition(arguments[1], Instant.parse(arguments[2]), arguments[3], previous);
    if (!imported(Path.of(arguments[0]), edition, Path.of(arguments[4]))) {
      System.exit(1);
    }
  }

  private static boolean imported(Path file, Edition edition, Path folder) throws IOException {
    LiteLlmImport.Outcome outcome;
    try (InputStream in = Files.newInputStream(file)) {
      outcome = LiteLlmImport.read(in, edition);
    }
    return switch (outcome) {
      case Refused refused -> {
        refused.problems().forEach(System.err::println);
        yield false;
      }
      case Imported imported -> {
        Path table = folder.resolve(edition.version() + ".json.gz");
        try (OutputStream out = Files.newOutputStream(table)) {
          PriceTableJson.write(imported.table(), out);
        }
        System.out.println(
            JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writeValueAsString(imported.review()));
        yield true;
      }
    };
  }

  private static PriceTable read(Path table) throws IOException {
    try (InputStream in = Files.newInputStream(table)) {
      return PriceTableJson.read(in);
    }
  }
}
