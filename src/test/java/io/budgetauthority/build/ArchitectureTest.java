package io.budgetauthority.build;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/// A package uses only packages above it in the table of docs/internals/architecture.md.
class ArchitectureTest {

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.budgetauthority");

  @Test
  void whenALayerUsesAnother_itIsALowerOne() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .withOptionalLayers(true)
        .layer("api")
        .definedBy("io.budgetauthority.api..")
        .layer("notification")
        .definedBy("io.budgetauthority.notification..")
        .layer("attribution")
        .definedBy("io.budgetauthority.attribution..")
        .layer("settlement")
        .definedBy("io.budgetauthority.settlement..")
        .layer("decision")
        .definedBy("io.budgetauthority.decision..")
        .layer("configuration")
        .definedBy("io.budgetauthority.configuration..")
        .layer("ledger")
        .definedBy("io.budgetauthority.ledger..")
        .layer("record")
        .definedBy("io.budgetauthority.record..")
        .layer("price")
        .definedBy("io.budgetauthority.price..")
        .layer("tenant")
        .definedBy("io.budgetauthority.tenant..")
        .layer("storage")
        .definedBy("io.budgetauthority.storage..")
        .layer("input")
        .definedBy("io.budgetauthority.input..")
        .layer("money")
        .definedBy("io.budgetauthority.money..")
        .layer("metrics")
        .definedBy("io.budgetauthority.metrics..")
        .layer("wiring")
        .definedBy(
            "io.budgetauthority",
            "io.budgetauthority.command..",
            "io.budgetauthority.console..",
            "io.budgetauthority.local..")
        .whereLayer("wiring")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("api")
        .mayOnlyBeAccessedByLayers("wiring")
        .whereLayer("notification")
        .mayOnlyBeAccessedByLayers("wiring")
        .whereLayer("attribution")
        .mayOnlyBeAccessedByLayers("notification", "api", "wiring")
        .whereLayer("settlement")
        .mayOnlyBeAccessedByLayers("api", "wiring")
        .whereLayer("decision")
        .mayOnlyBeAccessedByLayers("settlement", "api", "wiring")
        .whereLayer("configuration")
        .mayOnlyBeAccessedByLayers("api", "wiring")
        .whereLayer("ledger")
        .mayOnlyBeAccessedByLayers(
            "decision",
            "settlement",
            "configuration",
            "attribution",
            "notification",
            "api",
            "wiring")
        .whereLayer("record")
        .mayOnlyBeAccessedByLayers(
            "ledger",
            "decision",
            "settlement",
            "configuration",
            "attribution",
            "notification",
            "api",
            "wiring")
        .whereLayer("price")
        .mayOnlyBeAccessedByLayers(
            "record",
            "ledger",
            "decision",
            "settlement",
            "configuration",
            "attribution",
            "api",
            "wiring")
        .whereLayer("input")
        .mayOnlyBeAccessedByLayers("settlement", "api", "wiring")
        .whereLayer("tenant")
        .mayOnlyBeAccessedByLayers(
            "record",
            "ledger",
            "price",
            "decision",
            "settlement",
            "configuration",
            "attribution",
            "notification",
            "api",
            "wiring")
        .check(MAIN);
  }

  @Test
  void whenPackagesUseEachOther_thereIsNoCircle() {
    slices().matching("io.budgetauthority.(**)").should().beFreeOfCycles().check(MAIN);
  }

  @Test
  void whenAClassUsesDynamoDb_itsPackageMayDoSo() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "io.budgetauthority.storage..",
            "io.budgetauthority.local..",
            "io.budgetauthority.command..",
            "io.budgetauthority")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("software.amazon.awssdk.services.dynamodb..")
        .check(MAIN);
  }

  @Test
  void whenAClassUsesS3_itsPackageMayDoSo() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "io.budgetauthority.price.table..",
            "io.budgetauthority.tenant.store..",
            "io.budgetauthority.local..",
            "io.budgetauthority.command..",
            "io.budgetauthority")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("software.amazon.awssdk.services.s3..")
        .check(MAIN);
  }

  @Test
  void whenAClassHoldsRules_itUsesNoFrameworkClockOrIo() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.budgetauthority.money..",
            "io.budgetauthority.record..",
            "io.budgetauthority.tenant",
            "io.budgetauthority.price",
            "io.budgetauthority.price.cost..",
            "io.budgetauthority.ledger.account..",
            "io.budgetauthority.decision.rule..")
        .or()
        .haveSimpleName("Reservation")
        .or()
        .haveSimpleName("Run")
        .or()
        .haveSimpleName("Contribution")
        .or()
        .haveSimpleName("DecisionEvents")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "software.amazon.awssdk..",
            "jakarta..",
            "io.quarkus..",
            "java.io..",
            "java.net..",
            "java.nio.file..")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.time.Clock")
        .check(MAIN);
  }

  /// A random number that is predictable or repeats after a start from a snapshot is no identity.
  @Test
  void whenAClassUsesRandomNumbers_itIsOneThatMay() {
    noClasses()
        .that()
        .resideOutsideOfPackage("io.budgetauthority.local..")
        .and()
        .doNotHaveSimpleName("EventBridgeBus")
        .and()
        .doNotHaveSimpleName("Deadline")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.util.concurrent.ThreadLocalRandom")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.util.Random")
        .check(MAIN);
  }

  @Test
  void whenAClassHandlesMoney_itUsesNoFloatingPoint() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.budgetauthority.money..",
            "io.budgetauthority.price..",
            "io.budgetauthority.ledger..",
            "io.budgetauthority.decision..",
            "io.budgetauthority.settlement..",
            "io.budgetauthority.attribution..",
            "io.budgetauthority.notification..",
            "io.budgetauthority.tenant..")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.Double")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.Float")
        .check(MAIN);
    classes()
        .that()
        .resideInAnyPackage(
            "io.budgetauthority.money..",
            "io.budgetauthority.price..",
            "io.budgetauthority.ledger..")
        .should(new NoFloatingPoint())
        .check(MAIN);
  }
}
