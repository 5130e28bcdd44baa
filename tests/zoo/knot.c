/* Provides zoo.knotown0/1 and, with ZOO_REQUIRES, requires five others. Whoever wants many plugins copies the file and
 * puts other names in the place of these. */
#include <mortise/abi/contracts.h>

#include "zoo.h"

#define METHODS "ask()->i64"
#define OWN "zoo.knotown0/1"

MORTISE_CONTRACT_NOTE(own_note, OWN, METHODS);

#if defined(ZOO_REQUIRES)
#define FIRST "zoo.knotreq0/1"
#define SECOND "zoo.knotreq1/1"
#define THIRD "zoo.knotreq2/1"
#define FOURTH "zoo.knotreq3/1"
#define FIFTH "zoo.knotreq4/1"
MORTISE_CONTRACT_NOTE(first_note, FIRST, METHODS);
MORTISE_CONTRACT_NOTE(second_note, SECOND, METHODS);
MORTISE_CONTRACT_NOTE(third_note, THIRD, METHODS);
MORTISE_CONTRACT_NOTE(fourth_note, FOURTH, METHODS);
MORTISE_CONTRACT_NOTE(fifth_note, FIFTH, METHODS);

/* Arrays, not pointers: every byte of a name lies where a copy can replace it. */
static const char required[][16] = {FIRST, SECOND, THIRD, FOURTH, FIFTH};
#endif

static mortise_status ask(void* self, int64_t* result) {
  (void)self;
  *result = 0;
  return MORTISE_OK;
}

static const struct {
  mortise_status (*call)(void* self, int64_t* result);
  void* self;
} provided = {ask, NULL};

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  static const char own[] = OWN;
  const mortise_provision_v1 provision = {
      sizeof provision, 0, zoo_str(own), zoo_str(METHODS), zoo_str(""), &provided, NULL,
  };
  const mortise_contracts_v1* contracts = host->get_interface(host->host, zoo_str(MORTISE_CONTRACTS_V1));
  *self = NULL;
  if (contracts == NULL) return MORTISE_FAILED_PRECONDITION;
#if defined(ZOO_REQUIRES)
  for (unsigned i = 0; i < sizeof required / sizeof required[0]; ++i) {
    const mortise_requirement_v1 requirement = {
        sizeof requirement, 0, zoo_str(required[i]), zoo_str(METHODS), zoo_str(""), NULL,
    };
    uint32_t slot;
    const mortise_status status = contracts->require(host->host, &requirement, &slot, error);
    if (status != MORTISE_OK) return status;
  }
#endif
  return contracts->provide(host->host, &provision, error);
}

ZOO_PLUGIN(init)
