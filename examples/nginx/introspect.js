// Asks d1-authz whether the token of a request is active, for auth_request: 204 yes, 401 no, 500 when it can't tell.

import crypto from 'crypto';

function token(r) {
    const found = (r.headersIn['Authorization'] || '').match(/^Bearer +([A-Za-z0-9._~+\/-]+=*)$/i);
    return found ? found[1] : '';
}

async function check(r) {
    if (!token(r)) {
        return r.return(401);
    }
    // A POST of its own, with this body; its answer is kept for some seconds, see nginx.conf.
    const answer = await r.subrequest('/_introspect', {
        method: 'POST',
        body: 'token=' + encodeURIComponent(token(r)),
    });
    if (answer.status !== 200) {
        r.error('introspection answered ' + answer.status);
        return r.return(500);
    }
    const claims = JSON.parse(answer.responseText);
    if (claims.active !== true) {
        return r.return(401);
    }
    r.headersOut['X-Client-Id'] = claims.client_id;
    r.headersOut['X-Scope'] = claims.scope || '';
    r.return(204);
}

// Under which an answer is kept: nginx writes it to a file, where no token belongs.
function digest(r) {
    return crypto.createHash('sha256').update(token(r)).digest('hex');
}

export default { check, digest };
